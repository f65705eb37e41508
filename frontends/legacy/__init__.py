"""Translates what older versions of Keras wrote into the words of Keras 3: one table of rules, each with a test."""
