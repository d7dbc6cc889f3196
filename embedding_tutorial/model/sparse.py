"""Tables of which a step touches few rows: how those are read, and how they are changed.

``look_up`` reads them; ``distinct``, ``spread`` and ``collect`` see to it that a row is read once.
Keras's own optimizers either read and write the whole table at each step, or treat a token that
stands twice in a batch as two separate gradients and square each. ``RowwiseAdagrad`` sums the
gradients of a row first, then updates that row and no other, so a step costs the same for ten
thousand tokens and for a million.
"""

from typing import Any

import keras
from keras import ops

ON_TENSORFLOW = keras.backend.backend() == "tensorflow"


def look_up(table: keras.Variable, ids: Any) -> Any:
    """Rows of a table: ``(V + 1, D)`` and ids of any shape ``(…)`` give ``(…, D)``.

    ``keras.ops.take`` with the same result. But where rows are updated in place, TensorFlow copies the
    whole table before that reads it: 200 MB a step for 500,000 tokens. This reads only what is asked for.
    """
    if ON_TENSORFLOW:
        import tensorflow as tf

        return tf.gather(table.value, ids)
    return ops.take(table, ids, axis=0)


def distinct(ids: Any) -> tuple[Any, Any]:
    """The ids without repetition, and where each id stands among them.

    Args:
        ids: integers of any shape ``(…)``.

    Returns:
        ``(U,)`` ids and ``(…)`` positions. Backends whose shapes must be known beforehand get all ids
        back, repetitions included, in their order: also true, but slower.
    """
    flat = ops.reshape(ids, (-1,))
    if ON_TENSORFLOW:
        import tensorflow as tf

        flat, positions = tf.unique(flat)
    else:
        positions = ops.arange(ops.size(flat))
    return flat, ops.reshape(positions, ops.shape(ids))


def spread(rows: Any, positions: Any) -> Any:
    """A row for each position that ``distinct`` gave: ``(U, D)`` and ``(…)`` give ``(…, D)``."""
    if ON_TENSORFLOW:
        return ops.take(rows, positions, axis=0)
    # Every row in its place already. To say so keeps devices that share a batch from sending rows to each other.
    return ops.reshape(rows, (*ops.shape(positions), rows.shape[-1]))


def collect(numbers: Any, positions: Any, ids: Any) -> Any:
    """The reverse of ``spread``: numbers ``(…)`` at those positions, summed for each of the ``(U,)`` ids."""
    if ON_TENSORFLOW:
        return ops.segment_sum(ops.reshape(numbers, (-1,)), ops.reshape(positions, (-1,)), ops.size(ids))
    return ops.reshape(numbers, (-1,))


@keras.saving.register_keras_serializable(package="embedding_tutorial")
class RowwiseAdagrad(keras.optimizers.Optimizer):
    """Adagrad with one accumulator a row instead of one a number.

    For row ``r`` with summed gradient ``g`` ``(D,)``:

        accumulator[r] += mean(g ** 2)
        table[r]       -= learning_rate * g / sqrt(accumulator[r])

    so rare tokens, whose accumulator is small, still take large steps.

    Args:
        learning_rate: a number or a ``keras.optimizers.schedules`` schedule.
        initial_accumulator: what every row starts from. It must be small beside
            ``mean(g ** 2)``; for a loss that is a mean over the pairs of a batch,
            gradients are about 1 / pairs in size.

    Source: Duchi et al. 2011, https://jmlr.org/papers/v12/duchi11a.html; row-wise as in
    Facebook's DLRM (Naumov et al. 2019, https://arxiv.org/abs/1906.00091).
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.2,
        initial_accumulator: float = 1e-7,
        name: str = "rowwise_adagrad",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.initial_accumulator = initial_accumulator

    def build(self, variables: list) -> None:
        if self.built:
            return
        super().build(variables)
        self._accumulators = [
            self.add_variable(
                shape=(variable.shape[0],),
                initializer=keras.initializers.Constant(self.initial_accumulator),
                dtype=variable.dtype,
                name=f"{variable.path.replace('/', '_')}_accumulator",
            )
            for variable in variables
        ]

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        accumulator = self._accumulators[self._get_variable_index(variable)]
        learning_rate = ops.cast(learning_rate, variable.dtype)

        # TensorFlow hands over the looked-up rows alone (IndexedSlices); other backends a whole table.
        if hasattr(gradient, "indices"):
            import tensorflow as tf

            rows, position = tf.unique(gradient.indices)  # (U,), (lookups,)
            gradient = tf.math.unsorted_segment_sum(gradient.values, position, tf.size(rows))  # (U, D)
            squares = tf.reduce_mean(tf.square(gradient), axis=-1)  # (U,)
            total = tf.gather(accumulator.value, rows) + squares
            step = learning_rate * gradient * tf.math.rsqrt(total)[:, None]
            accumulator.value.scatter_update(tf.IndexedSlices(total, rows))
            self.assign_sub(variable, tf.IndexedSlices(step, rows))
            return

        # A row that was not looked up has gradient 0 here, and so stays as it is.
        accumulator.assign_add(ops.mean(ops.square(gradient), axis=-1))  # (V,)
        self.assign_sub(variable, learning_rate * gradient * ops.rsqrt(accumulator)[:, None])

    def get_config(self) -> dict:
        return {**super().get_config(), "initial_accumulator": self.initial_accumulator}
