"""What happened: from a raw export, through a codebook, to `Sessions`."""
