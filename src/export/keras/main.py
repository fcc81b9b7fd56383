def load(network, path=WEIGHTS):
    weights = load_file(path)
    for layer, tensors in TENSORS.items():
        network.get_layer(layer).set_weights([weights[f"{layer}.{tensor}"] for tensor in tensors])
    return network


def answer(network, X):
    """What the network says of samples in the units of the data, a row for each."""
    outputs = network.predict(prepare(X), batch_size=128, verbose=0)
    return interpret(X, np.asarray(outputs))


def main():
    parser = argparse.ArgumentParser(description="Answers lines of numbers with commas on standard input.")
    parser.add_argument("--save", metavar="MODEL.keras", help="write the network with its weights as Keras does")
    # <<train>>
    parser.add_argument("--train", metavar="DATA.npz", help="train on its arrays X and y, and write trained.keras")
    parser.add_argument("--resume", action="store_true", help="train on from the weights")
    # <<train>>
    arguments = parser.parse_args()
    # <<train>>
    if arguments.train:
        keras.utils.set_random_seed(SEED)
        network = load(build()) if arguments.resume else build()
        data = np.load(arguments.train)
        train(network, data["X"], data["y"] if "y" in data else None)
        network.save("trained.keras")
        return
    # <<train>>
    network = load(build())
    if arguments.save:
        network.save(arguments.save)
        return
    rows = [[float(number) for number in line.split(",")] for line in sys.stdin if line.strip()]
    for row in answer(network, np.array(rows)):
        print(",".join(repr(float(number)) for number in row))


if __name__ == "__main__":
    main()
