"""Pictures as questions for music: what a picture shows, how it looks, and the words and the mood for that.

`decode` turns a file into pixels, in the sandbox. `network` names what the picture shows, `looks` measures colours and
edges, and `reading` makes words and a vector of the vibe space of both.
"""
