"""How the shipped weights are made: the corpus, the teachers, what is fitted on them. Nothing here serves."""
