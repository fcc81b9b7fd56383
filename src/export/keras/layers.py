# <<numeric_embedding>>
@keras.saving.register_keras_serializable()
class NumericEmbedding(keras.layers.Layer):
    """Beside each of the first numbers x of a row, learned periodic features cos(w·x + p)·W + b (Holzmüller et al. 2024)."""

    def __init__(self, numbers, units, waves, **options):
        super().__init__(**options)
        self.numbers, self.units, self.waves = numbers, units, waves

    def build(self, shape):
        numbers, units, waves = self.numbers, self.units, self.waves
        self.frequencies = self.add_weight(shape=(numbers, waves), initializer="random_normal")
        self.phases = self.add_weight(shape=(numbers, waves), initializer=keras.initializers.RandomUniform(-np.pi, np.pi))
        self.weights_of = self.add_weight(shape=(numbers, waves, units), initializer="glorot_uniform")
        self.bias = self.add_weight(shape=(numbers, units), initializer="zeros")

    def call(self, x):
        numbers, others = x[:, : self.numbers, None], x[:, self.numbers :]
        waves = ops.cos(self.frequencies * numbers + self.phases)
        features = ops.einsum("niw,iwu->niu", waves, self.weights_of) + self.bias
        both = ops.concatenate([numbers, features], axis=2)
        return ops.concatenate([ops.reshape(both, (-1, self.numbers * (1 + self.units))), others], axis=1)

    def get_config(self):
        return {**super().get_config(), "numbers": self.numbers, "units": self.units, "waves": self.waves}


# <<word_embedding>>
@keras.saving.register_keras_serializable()
class WordEmbedding(keras.layers.Layer):
    """The first numbers of a row as they are, and then the vector of each word that follows; without numbers the vectors."""

    def __init__(self, vocabulary, units, numbers=0, **options):
        super().__init__(**options)
        self.vocabulary, self.units, self.numbers = vocabulary, units, numbers

    def build(self, shape):
        self.words = shape[1] - self.numbers
        initializer = keras.initializers.RandomUniform(-0.05, 0.05)
        self.table = self.add_weight(shape=(self.vocabulary, self.units), initializer=initializer)

    def call(self, x):
        words = ops.cast(ops.clip(x[:, self.numbers :], 0, self.vocabulary - 1), "int32")
        vectors = ops.take(self.table, words, axis=0)
        if self.numbers == 0:
            return vectors
        return ops.concatenate([x[:, : self.numbers], ops.reshape(vectors, (-1, self.words * self.units))], axis=1)

    def get_config(self):
        own = {"vocabulary": self.vocabulary, "units": self.units, "numbers": self.numbers}
        return {**super().get_config(), **own}


# <<batch_ensemble>>
@keras.saving.register_keras_serializable()
class BatchEnsemble(keras.layers.Layer):
    """Members that share the layers that follow; each reads the row through scales of its own (Wen et al. 2020)."""

    def __init__(self, members, **options):
        super().__init__(**options)
        self.members = members

    def build(self, shape):
        self.scale = self.add_weight(shape=(self.members, shape[-1]), initializer=keras.initializers.RandomNormal(stddev=0.5))

    def call(self, x):
        x = x[:, None] if len(x.shape) == 2 else x
        return x * (1 + self.scale)

    def get_config(self):
        return {**super().get_config(), "members": self.members}


