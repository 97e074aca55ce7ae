"""Sets larger than memory, a part at a time: arrays in zarr, shards of .npy, Parquet and Arrow, tars of pictures."""
