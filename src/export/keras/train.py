<<schedule>>

class Schedule(keras.callbacks.Callback):
    """Sets the learning rate of every step."""

    def __init__(self, steps):
        super().__init__()
        self.step, self.steps = 0, steps

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = LEARNING_RATE * lr_factor(self.step / self.steps)
        self.step += 1


def train(network, X, y=None, epochs=EPOCHS):
    """Trains on arrays in the units of the data, as `prepare` and `prepare_targets` take them."""
    inputs, targets = prepare(X), prepare_targets(X, y)
<<one_hot>><<class_weights>>    order = np.random.default_rng(SEED).permutation(len(inputs))
    held_out = round(VALIDATION * len(inputs))
    validation, training = order[:held_out], np.sort(order[held_out:])
    steps_per_epoch = -(-len(training) // BATCH)
    optimizer = <<optimizer>>
    network.compile(optimizer=optimizer, loss=<<loss>>)
    callbacks = [
<<callbacks>>    ]
    return network.fit(
        inputs[training],
        targets[training],
        validation_data=(inputs[validation], targets[validation]) if held_out > 0 else None,
        batch_size=BATCH,
        epochs=epochs,
        shuffle=SHUFFLE,
        callbacks=callbacks,
        verbose=2<<weighted>>,
    )
