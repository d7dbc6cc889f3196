"""Read and update the few rows of a table that a training step needs.

``look_up`` reads rows. With ``distinct``, ``spread`` and ``collect`` a step reads each row once, however
often its token occurs. ``RowwiseAdagrad`` updates only those rows. So on TensorFlow the cost of a step
depends on the number of distinct tokens in a batch, not on the size of the vocabulary. ``TablesAndLayers`` leaves
the weights of all other layers to an optimizer of Keras's.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

ON_TENSORFLOW = keras.backend.backend() == "tensorflow"


def look_up(table: keras.Variable, ids: Any) -> Any:
    """Rows of a table: ``(V + 1, D)`` and ids of any shape ``(…)`` give ``(…, D)``.

    The result is that of ``keras.ops.take``. But before ``take`` reads a table whose rows are updated in
    place, TensorFlow copies the whole table, 200 MB a step for 500,000 tokens; here it reads only these rows.
    """
    if ON_TENSORFLOW:
        import tensorflow as tf

        return tf.gather(table.value, ids)
    return ops.take(table, ids, axis=0)


def distinct(ids: Any) -> tuple[Any, Any]:
    """The distinct ids, and the position of each id among them.

    Args:
        ids: integers of any shape ``(…)``.

    Returns:
        ``(U,)`` ids and ``(…)`` positions. Backends that need static shapes get all ids in order, with
        repetitions: the loss is the same, the step slower.
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
    # The rows are in order already. A reshape, unlike a take, makes devices that share a batch exchange no rows.
    return ops.reshape(rows, (*ops.shape(positions), rows.shape[-1]))


def collect(numbers: Any, positions: Any, ids: Any) -> Any:
    """The reverse of ``spread``: for each of the ``(U,)`` ids, the sum of the numbers ``(…)`` at its positions."""
    if ON_TENSORFLOW:
        return ops.segment_sum(ops.reshape(numbers, (-1,)), ops.reshape(positions, (-1,)), ops.size(ids))
    return ops.reshape(numbers, (-1,))


@keras.saving.register_keras_serializable(package="embedding_tutorial")
class RowwiseAdagrad(keras.optimizers.Optimizer):
    """Adagrad with one accumulator per row instead of one per number, which updates only rows with a gradient.

    For row ``r`` with summed gradient ``g`` ``(D,)``:

        accumulator[r] += mean(g ** 2)
        table[r]       -= learning_rate * g / sqrt(accumulator[r])

    so rare tokens, whose accumulator is small, still take large steps. The gradients of a token that occurs
    twice in a batch are summed before they are squared.

    Measured with 100,000 tokens on TensorFlow: a step takes 4.6 ms of CPU, with Keras's own Adagrad 31 ms; the
    vectors are equally good.

    Args:
        learning_rate: a number or a ``keras.optimizers.schedules`` schedule.
        initial_accumulator: start value for every row. It must be small beside ``mean(g ** 2)``; for a
            loss that is a mean over the pairs of a batch, gradients are about 1 / pairs in size.

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

        # TensorFlow gives the gradient of the looked-up rows (IndexedSlices), other backends that of the whole table.
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


@keras.saving.register_keras_serializable(package="embedding_tutorial")
class TablesAndLayers(keras.optimizers.Optimizer):
    """One optimizer for the tables, whose rows are looked up, and another one for all other weights.

    Args:
        tables: updates the tables.
        layers: updates the other weights, with a learning rate of its own.
        paths: the ``path`` of each table.
    """

    def __init__(
        self,
        tables: keras.optimizers.Optimizer,
        layers: keras.optimizers.Optimizer,
        paths: Sequence[str],
        name: str = "tables_and_layers",
    ) -> None:
        super().__init__(learning_rate=0.0, name=name)  # each of the two has its own
        self.tables, self.layers, self.paths = tables, layers, list(paths)

    @property
    def variables(self) -> list[keras.Variable]:
        return [*super().variables, *self.tables.variables, *self.layers.variables]

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the tables: Keras shows it in the logs."""
        return self.tables.learning_rate

    def build(self, variables: list) -> None:
        if self.built:
            return
        super().build(variables)
        self.tables.build([variable for variable in variables if variable.path in self.paths])
        self.layers.build([variable for variable in variables if variable.path not in self.paths])

    def apply(self, grads: list, trainable_variables: list | None = None) -> None:
        if trainable_variables is None:
            trainable_variables = self._trainable_variables
        else:
            self.build(trainable_variables)
        pairs = list(zip(grads, trainable_variables, strict=True))
        for optimizer, of_tables in ((self.tables, True), (self.layers, False)):
            chosen = [pair for pair in pairs if (pair[1].path in self.paths) == of_tables]
            optimizer.apply(*(list(part) for part in zip(*chosen, strict=True)))
        self.iterations.assign_add(1)

    def get_config(self) -> dict:
        parts = {"tables": self.tables, "layers": self.layers}
        parts = {name: keras.optimizers.serialize(optimizer) for name, optimizer in parts.items()}
        return {**parts, "paths": self.paths, "name": self.name}

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> "TablesAndLayers":
        parts = {name: keras.optimizers.deserialize(config[name]) for name in ("tables", "layers")}
        return cls(**{**config, **parts})
