"""Other packages' classes, answered by Pinyon: change the import, keep the code."""
