"""Other libraries, each driven the way its documentation says and in its fastest sane way.

They come with the `bench` extra and are imported by name, so that acore is checked and run without them.
"""
