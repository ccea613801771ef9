"""How many machines a library and its listeners need: `python -m services.capacity`, from measured costs."""
