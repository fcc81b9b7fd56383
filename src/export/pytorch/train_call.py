    if arguments.train:
        rank, _ = processes()
        torch.manual_seed(SEED)
        network = Network()
        if arguments.resume:
            load(network, arguments.weights)
        data = np.load(arguments.train)
        train(network, data["X"], data["y"] if "y" in data else None)
        if rank == 0:
            save_file(<<state>>, arguments.out)
            print(f"wrote {arguments.out}", file=sys.stderr)
        return
