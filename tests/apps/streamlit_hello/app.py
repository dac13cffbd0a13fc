"""A Streamlit app, which is its own server under HttpPlatform."""
import sys

import streamlit

streamlit.title(f"Hello from Streamlit {streamlit.__version__}")
streamlit.write(f"It runs on Python {sys.version.split()[0]}.")
amount = streamlit.slider("A number", 0, 100, 42)
streamlit.write(f"Twice the number is {2 * amount}.")
