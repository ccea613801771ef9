"""The usage of named libraries, and what happens where a quota is used up."""
