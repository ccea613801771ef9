"""The client. `generate.py` writes `segue_client._sync` from the modules of `segue_client._async`."""
