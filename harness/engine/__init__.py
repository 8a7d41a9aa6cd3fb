"""Training itself, distributed and not; the only importer of TensorFlow and Horovod."""
