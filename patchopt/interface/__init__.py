"""The functions of the public interface; `patchopt` itself has their names."""
