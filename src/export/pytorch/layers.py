# <<numeric_embedding>>
class NumericEmbedding(nn.Module):
    """Beside each of the first numbers x of a row, learned periodic features cos(w·x + p)·W + b (Holzmüller et al. 2024)."""

    def __init__(self, numbers, units, waves):
        super().__init__()
        self.numbers = numbers
        self.frequencies = nn.Parameter(torch.zeros(numbers, waves))
        self.phases = nn.Parameter(torch.zeros(numbers, waves))
        self.weights = nn.Parameter(torch.zeros(numbers, waves, units))
        self.bias = nn.Parameter(torch.zeros(numbers, units))

    def forward(self, x):
        numbers, others = x[:, : self.numbers, None], x[:, self.numbers :]
        waves = torch.cos(self.frequencies * numbers + self.phases)
        features = torch.einsum("niw,iwu->niu", waves, self.weights) + self.bias
        return torch.cat([torch.cat([numbers, features], dim=2).flatten(1), others], dim=1)


# <<mixed_embedding>>
class MixedEmbedding(nn.Module):
    """The first numbers of a row as they are, and then the vector of each word that follows."""

    def __init__(self, vocabulary, units, numbers):
        super().__init__()
        self.numbers = numbers
        self.table = nn.Embedding(vocabulary, units)

    def forward(self, x):
        words = x[:, self.numbers :].clamp(0, self.table.num_embeddings - 1).long()
        return torch.cat([x[:, : self.numbers], self.table(words).flatten(1)], dim=1)


# <<attention>>
class Attention(nn.Module):
    """Every step gathers what it needs from the others: softmax(q·kᵀ / √d)·v for each head (Vaswani et al. 2017)."""

    def __init__(self, features, heads, causal=False, rotary=False, dropout=0.0):
        super().__init__()
        self.heads, self.causal, self.rotary, self.dropout = heads, causal, rotary, dropout
        self.query = nn.Linear(features, features)
        self.key = nn.Linear(features, features)
        self.value = nn.Linear(features, features)
        self.output = nn.Linear(features, features)

    def forward(self, x, is_token=None):
        n, steps, features = x.shape
        parts = (part(x).view(n, steps, self.heads, -1) for part in (self.query, self.key, self.value))
        q, k, v = (part.transpose(1, 2) for part in parts)  # [n, heads, steps, d]
        if self.rotary:
            q, k = self.rotate(q), self.rotate(k)
        dropout = self.dropout if self.training else 0.0
        if is_token is None:
            context = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=self.causal)
        else:
            seen = is_token[:, None, None, :].expand(n, 1, steps, steps)
            if self.causal:
                seen = seen & torch.ones(steps, steps, dtype=torch.bool, device=x.device).tril()
            sees_any = seen.any(dim=-1, keepdim=True)  # a step that sees none gets 0
            context = F.scaled_dot_product_attention(q, k, v, attn_mask=seen | ~sees_any, dropout_p=dropout) * sees_any
        return self.output(context.transpose(1, 2).reshape(n, steps, features))

    @staticmethod
    def rotate(x):
        """Turns the numbers i and i + d/2 by the angle t · 10000^(-2i/d) at step t (Su et al. 2021)."""
        steps, d = x.shape[-2:]
        angles = torch.outer(torch.arange(steps).double(), 10000.0 ** (-torch.arange(0, d, 2).double() / d))
        cos, sin = angles.cos().to(x), angles.sin().to(x)
        a, b = x.chunk(2, dim=-1)
        return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


# <<sinusoidal>>
def sinusoidal(steps, features):
    """Sines and cosines of the positions, with wavelengths from 2π to 10000 · 2π (Vaswani et al. 2017)."""
    even = torch.arange(features) // 2 * 2
    angles = torch.outer(torch.arange(steps).double(), 10000.0 ** (-even.double() / features))
    return torch.where(torch.arange(features) % 2 == 0, angles.sin(), angles.cos()).float()


# <<mean_of_tokens>>
def mean_of_tokens(x, is_token):
    """The mean over the steps that are not padding, and over all where all are."""
    counted = (is_token | ~is_token.any(dim=1, keepdim=True))[:, :, None]
    return (x * counted).sum(dim=1) / counted.sum(dim=1)


# <<batch_ensemble>>
class BatchEnsemble(nn.Module):
    """Members that share the layers that follow; each reads the row through scales of its own (Wen et al. 2020)."""

    def __init__(self, members, inputs):
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(members, inputs))

    def forward(self, x):
        x = x[:, None] if x.dim() == 2 else x
        return x * (1 + self.scale)  # [n, members, inputs]


# <<gaussian_noise>>
class GaussianNoise(nn.Module):
    """Adds normally distributed noise during training."""

    def __init__(self, deviation):
        super().__init__()
        self.deviation = deviation

    def forward(self, x):
        return x + self.deviation * torch.randn_like(x) if self.training else x


# <<truncated_normal>>
def truncated_normal_(weight, deviation):
    """Normal numbers within two deviations, with this standard deviation after the truncation."""
    deviation = deviation / 0.8796256610342398
    nn.init.trunc_normal_(weight, std=deviation, a=-2 * deviation, b=2 * deviation)


# <<lion>>
class Lion(torch.optim.Optimizer):
    """Algorithm 2 of Chen et al. 2023, which PyTorch does not have."""

    def __init__(self, parameters, lr, betas, weight_decay):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            (beta1, beta2), rate = group["betas"], group["lr"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                direction = (beta1 * m + (1 - beta1) * p.grad).sign()
                p.sub_(rate * (direction + group["weight_decay"] * p))
                m.copy_(beta2 * m + (1 - beta2) * p.grad)


