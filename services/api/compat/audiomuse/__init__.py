"""The requests with which players and plugins ask AudioMuse-AI.

Names of paths, parameters and fields were taken from client programs, of which at least two use each one:
JameZUK/lyrion-audiomuseai-plugin, SoPat712/allstarr, arsaboo/beets (beetsplug/audiomuse.py), kaybi-gh/K7,
MMagTech/alchemyfm (backend) and tajanthind/fnack-plugins. Nothing of AudioMuse-AI itself was used: its licence is AGPL.
"""
