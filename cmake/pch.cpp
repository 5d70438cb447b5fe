// Holds nothing: the translation unit that owns the precompiled header.
