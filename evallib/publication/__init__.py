"""What is said: sentences, figures, tables, the letter and the report."""
