def main():
    parser = argparse.ArgumentParser(description="Answers lines of numbers with commas on standard input, or trains.")
<<text_arguments>><<train_arguments>>    parser.add_argument("--weights", default=WEIGHTS, help="the weights to answer with<<weights_help>>")
    arguments = parser.parse_args()
<<train_call>>    network = load(Network(), arguments.weights)
<<text_call>>    rows = [[float(number) for number in line.split(",")] for line in sys.stdin if line.strip()]
    for row in answer(network, np.array(rows)):
        print(",".join(repr(float(number)) for number in row))


if __name__ == "__main__":
    main()
