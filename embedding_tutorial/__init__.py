"""Word and character vectors with a ``keras.Sequential``: from a text to a picture.

``idea.py``, beside this package, holds the whole idea in one file: read it first. Then
read the modules in the order in which the data flows through them:

1. ``config``      every default once, and the flags of ``train.py``
2. ``corpus``      a text file -> sentences of tokens (characters or words)
3. ``vocabulary``  tokens <-> ids; 0 is padding
4. ``encoded_corpus``  the text as a long row of ids, on disk
5. ``batches``     sentences of ids -> rows -> batches for ``fit``
6. ``layers``      the window as a band matrix, and the two layers that Keras lacks
7. ``optimizers``  tables of which a step reads and changes few rows
8. ``model``       Embedding -> scores, and the loss
9. ``callbacks``   what happens between epochs (``checkpoint``: what a stopped run needs to go on)
10. ``vectors``    tokens and their vectors: what is near what
11. ``evaluation`` is it good, and against what chance
12. ``projector``  the files that TensorBoard opens (``labels`` shows the tokens in them, ``sprites`` draws them)
13. ``training``   all of it together (``distributed``: on several devices, in several processes)

``run_directory`` owns the files of a run. ``__main__`` asks finished runs, with ``report``, ``controls``,
``standard_files`` and ``map_page``, and tells with ``plan`` what a large job would need; ``encoding`` and
``lessons`` teach.

``config``, ``corpus``, ``vocabulary``, ``encoded_corpus``, ``vectors``, ``evaluation``, ``projector`` and ``plan`` need
no Keras; ``quiet`` imports it without noise. ``terminal`` sees to Ctrl-C and to errors in one line. To load a saved
``model.keras``, import ``model`` first.
"""
