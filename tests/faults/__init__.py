"""Nodes that die, hang, crawl, lie, come back empty: what Pinyon makes of them."""
