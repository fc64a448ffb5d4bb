"""Results that others have published, each as a study folder, scored through the public names."""
