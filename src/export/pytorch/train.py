def processes():
    """The number of this process and how many there are: several under `torchrun --nproc-per-node N model.py ...`."""
    if "RANK" not in os.environ:
        return 0, 1
    if not dist.is_initialized():
        dist.init_process_group("nccl" if is_on_gpus() else "gloo")
    return dist.get_rank(), dist.get_world_size()


def is_on_gpus():
    """Whether every process of this machine has a GPU of its own."""
    return torch.cuda.device_count() >= int(os.environ.get("LOCAL_WORLD_SIZE", 1))


@torch.no_grad()
def evaluate(network, inputs, targets<<weights>>):
    """The mean loss, outside of training."""
    network.eval()
    pairs = zip(inputs.split(1024), targets.split(1024))
    total = sum(sample_losses(network(x), t<<weights>>).sum().item() for x, t in pairs)
    return total / <<weight_of_all>>


def train(network, X, y=None, epochs=EPOCHS):
    """Trains on arrays in the units of the data, as `prepare` and `prepare_targets` take them, and returns the loss of each step.

    Under torchrun every process takes its share of each batch, and the gradients are those of the whole batch.
    """
    rank, world = processes()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if is_on_gpus() else torch.device("cpu")
    network.to(device)
    inputs, targets = (torch.from_numpy(array).to(device) for array in (prepare(X), prepare_targets(X, y)))
    shuffling = torch.Generator().manual_seed(SEED)
    order = torch.randperm(len(inputs), generator=shuffling)
    held_out = round(VALIDATION * len(inputs))
    validation, training = order[:held_out], order[held_out:].sort().values
<<class_weights>>    torch.manual_seed(SEED + rank)  # of dropout and noise
    model = network
    if world > 1:
        if device.type == "cuda":  # on CPUs PyTorch has no batch normalization over all processes; each normalizes its share
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        model = DistributedDataParallel(network, device_ids=[device] if device.type == "cuda" else None)
    optimizer = make_optimizer(network)
<<average_new>>    steps_per_epoch = -(-len(training) // BATCH)
    history, step, reduced = [], 0, 1.0
<<watch_new>>    for epoch in range(1, epochs + 1):
        model.train()
        if SHUFFLE:
            training = training[torch.randperm(len(training), generator=shuffling)]
        for batch in training.split(BATCH):
            if len(batch) < <<least>>:
                continue  # <<least_why>>
            rate = LEARNING_RATE * lr_factor(step / (steps_per_epoch * epochs)) * reduced
            for group in optimizer.param_groups:
                group["lr"] = rate
            own = batch[rank::world]
            losses = sample_losses(model(inputs[own]), targets[own]<<weights>>)
            loss = losses.sum() / <<weight_of_batch>>
            optimizer.zero_grad()
            (loss * world).backward()  # several processes average their gradients, whose sum is that of the batch
<<before_step>>            optimizer.step()
<<after_step>>            step += 1
            loss = loss.detach()
            if world > 1:
                dist.all_reduce(loss)
            history.append(loss.item())
        line = f"epoch {epoch}: loss {sum(history[-steps_per_epoch:]) / steps_per_epoch:.4f}"
        if held_out > 0:
            validation_loss = evaluate(<<shown>>, inputs[validation], targets[validation]<<weights>>)
            line += f", validation loss {validation_loss:.4f}"
        if rank == 0:
            print(line, file=sys.stderr, flush=True)
<<watch>><<watch_end>><<average_end>>    network.cpu().eval()
    return history
