"""The tutorial: each idea of an article about the embedding layer, as a lesson that runs.

    python -m embedding_tutorial.lessons          the list
    python -m embedding_tutorial.lessons 3        run lesson 3
    python -m embedding_tutorial.lessons --quick  the ten-minute path

A lesson is a ``.py`` file in percent format: ``# %%`` opens a cell of code,
``# %% [markdown]`` one of text. VS Code, PyCharm and Jupyter (with jupytext) open it as a
notebook. A text cell with ``lang="zh"`` says the same as the one with ``lang="en"`` after it.

Prerequisites: Python's lists and functions, the shape of a NumPy array, the matrix product;
nothing about neural networks. Lessons 1 to 5 need no Keras and take seconds.
"""
