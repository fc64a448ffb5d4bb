"""Makes the reconstructed panel of Nanning's government websites; shares no code with evallib."""
