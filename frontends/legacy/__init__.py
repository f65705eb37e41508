"""What older versions of Keras wrote, in the words of Keras 3: one table of rules, each with a test."""
