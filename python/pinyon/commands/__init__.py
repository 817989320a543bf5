"""The commands of Redis and Valkey, each written once.

A module has a group of commands. A function of it takes what a program gives and
returns a :data:`~.args.Call`: the words to send, and the function that turns the
server's reply into what a program expects, or None where the reply is that already.
From these ``tools/methods.py`` writes :mod:`pinyon.methods`: the blocking method, its
asyncio twin and the method of a pipeline.

Names and the order of arguments are those of redis-py. Replies have the same shape
under RESP2 and RESP3.
"""
