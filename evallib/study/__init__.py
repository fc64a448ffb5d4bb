"""What was measured: files in, a checked Study out."""
