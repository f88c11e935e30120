"""The update of `npm run bench -- update` on PyTorch.

    python3 pytorch_trpo.py [--problem FILE.npz] [--dump FILE.npz] [--variant cached|textbook|both] [--dtype f32|f64]
                            [--threads 1] [--repeats 9] [--batch 5000] [--obs 17] [--act 6] [--hidden 256] [--cg 10]
                            [--serve]

Two ways to multiply by the Fisher matrix, both a double backward pass of the mean KL divergence: `textbook` builds the
graph of the KL gradient anew for every product, as most repositories do; `cached` builds it once per update and keeps it,
as stable-baselines3-contrib does.

Alone it times updates and prints one line of JSON per variant: what ran, and for every part [minimum, median] in
milliseconds. With --serve it answers requests, one line each, so that another program can take turns with it:

    update VARIANT          one update; the answer is its milliseconds by part
    dump VARIANT FILE.npz   one update; its results go to the file

Without --problem a random problem of the given sizes is made, and --dump writes it beside the results (`observations`,
`actions`, `advantages`, `returns`, and the weights before the update under names that end in `_old`).

Arrays of a problem: observations [N,O], actions [N,A], advantages [N], returns [N]; the policy's W1 [in,out], b1, W2, b2,
W3, b3 and logStd [A]; the critic's V1, c1, V2, c2, V3, c3. Arrays of a result: the new weights under the same names;
`gradient` and `x`, the solution of the linear system, as one vector each (logStd, then layer by layer, weights [out,in]);
and kl, gain, tries.
"""

import argparse
import ctypes
import json
import statistics
import sys
import time

import numpy
import torch
from torch.distributions import Independent, Normal, kl_divergence

DAMPING, DELTA = 0.1, 0.01
BACKTRACK, MOST_TRIES = 0.8, 10
CRITIC_STEPS, CRITIC_RATE = 5, 1e-3
DATA = ("observations", "actions", "advantages", "returns")
POLICY = ("W1", "b1", "W2", "b2", "W3", "b3")
CRITIC = ("V1", "c1", "V2", "c2", "V3", "c3")
PARTS = ("fvp", "gradient", "cg", "step", "lineSearch", "critic", "update")


def network(inputs, width, outputs):
    linear, tanh = torch.nn.Linear, torch.nn.Tanh
    return torch.nn.Sequential(linear(inputs, width), tanh(), linear(width, width), tanh(), linear(width, outputs))


def joined(tensors):
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def as_stored(parameter):
    """Weights of torch.nn.Linear are [out, in]; files hold [in, out]."""
    value = parameter.detach()
    return value.T if value.dim() == 2 else value


class Stopwatch:
    def __init__(self):
        self.start = self.last = time.perf_counter()
        self.seconds = {}

    def lap(self, part):
        now = time.perf_counter()
        self.seconds[part] = now - self.last
        self.last = now

    def total(self, part):
        self.seconds[part] = time.perf_counter() - self.start


class Workload:
    def __init__(self, observation, action, width, iterations):
        self.iterations = iterations
        self.mean = network(observation, width, action)
        self.log_std = torch.nn.Parameter(torch.full((action,), -0.5))
        self.critic = network(observation, width, 1)
        self.parameters = [self.log_std, *self.mean.parameters()]
        self.named = dict(zip(POLICY + CRITIC, [*self.mean.parameters(), *self.critic.parameters()]))

    def load(self, arrays):
        tensors = {name: torch.as_tensor(array, dtype=torch.get_default_dtype()) for name, array in arrays.items()}
        self.data = {name: tensors[name] for name in DATA}
        with torch.no_grad():
            self.log_std.copy_(tensors["logStd"])
            for name, parameter in self.named.items():
                parameter.copy_(as_stored(tensors[name]))
        self.remember()

    def draw(self, batch, observation):
        self.data = {"observations": torch.randn(batch, observation)}
        with torch.no_grad():
            self.data["actions"] = self.policy().sample()
        self.data["advantages"], self.data["returns"] = torch.randn(batch), torch.randn(batch)
        self.remember()

    def remember(self):
        self.old_policy = joined([parameter.detach() for parameter in self.parameters]).clone()
        self.old_critic = [parameter.detach().clone() for parameter in self.critic.parameters()]

    def weights(self):
        arrays = {name: as_stored(parameter).numpy().copy() for name, parameter in self.named.items()}
        return {**arrays, "logStd": self.log_std.detach().numpy().copy()}

    def policy(self):
        mean = self.mean(self.data["observations"])
        return Independent(Normal(mean, self.log_std.exp().expand_as(mean)), 1)

    def set_policy(self, vector):
        with torch.no_grad():
            for parameter, part in zip(self.parameters, vector.split([p.numel() for p in self.parameters])):
                parameter.copy_(part.view_as(parameter))

    def restore(self):
        self.set_policy(self.old_policy)
        with torch.no_grad():
            for parameter, old in zip(self.critic.parameters(), self.old_critic):
                parameter.copy_(old)

    def update(self, variant):
        """One update from the weights that are set: seconds by part, and results. The weights stay changed."""
        actions, advantages = self.data["actions"], self.data["advantages"]
        watch = Stopwatch()

        with torch.no_grad():
            now = self.policy()
            # Copies: what the line search compares with must not move with the parameters.
            old = Independent(Normal(now.base_dist.loc.clone(), now.base_dist.scale.clone()), 1)
            old_log_probability = now.log_prob(actions)

        def surrogate(policy):
            return (torch.exp(policy.log_prob(actions) - old_log_probability) * advantages).mean()

        value = surrogate(self.policy())
        gradient = joined(torch.autograd.grad(value, self.parameters)).detach()
        value = value.item()
        watch.lap("gradient")

        def divergence_gradient():
            divergence = kl_divergence(old, self.policy()).mean()
            return joined(torch.autograd.grad(divergence, self.parameters, create_graph=True))

        kept = divergence_gradient() if variant == "cached" else None
        products = []

        def fisher(vector):
            began = time.perf_counter()
            derivative = divergence_gradient() if kept is None else kept
            image = torch.autograd.grad(derivative @ vector, self.parameters, retain_graph=kept is not None)
            out = joined(image).detach() + DAMPING * vector
            products.append(time.perf_counter() - began)
            return out

        x, residual = torch.zeros_like(gradient), gradient.clone()
        direction, squared = residual.clone(), residual @ residual
        for _ in range(self.iterations):
            image = fisher(direction)
            length = squared / (direction @ image)
            x = x + length * direction
            residual = residual - length * image
            previous, squared = squared, residual @ residual
            direction = residual + (squared / previous) * direction
        watch.lap("cg")

        step = torch.sqrt(2 * DELTA / (x @ fisher(x))) * x
        watch.lap("step")

        with torch.no_grad():
            for tries in range(1, MOST_TRIES + 1):
                self.set_policy(self.old_policy + BACKTRACK ** (tries - 1) * step)
                candidate = self.policy()
                gain = surrogate(candidate).item() - value
                kl = kl_divergence(old, candidate).mean().item()
                if kl <= DELTA and gain > 0:
                    break
            else:
                self.set_policy(self.old_policy)
                gain, kl = 0.0, 0.0
        watch.lap("lineSearch")

        optimiser = torch.optim.Adam(self.critic.parameters(), CRITIC_RATE)
        for _ in range(CRITIC_STEPS):
            optimiser.zero_grad()
            error = self.critic(self.data["observations"]).squeeze(-1) - self.data["returns"]
            (error**2).mean().backward()
            optimiser.step()
        watch.lap("critic")
        watch.total("update")

        seconds = {**watch.seconds, "fvp": statistics.median(products)}
        # 64-bit integers are more than some readers of .npy files take.
        result = {"gradient": gradient.numpy(), "x": x.numpy(), "kl": kl, "gain": gain, "tries": numpy.int32(tries)}
        return seconds, result

    def run(self, variant):
        """As `update`, with the new weights among the results; the workload is what it was before."""
        seconds, result = self.update(variant)
        result = {**self.weights(), **result}
        self.restore()
        return seconds, result


def milliseconds(seconds):
    return round(1e3 * seconds, 4)


def serve(workload, name):
    def answer(message):
        print(json.dumps(message), flush=True)

    answer({"engine": name, "openblas": has_openblas()})
    for line in sys.stdin:
        request, variant, *rest = line.split(maxsplit=2)
        seconds, result = workload.run(variant)
        if request == "dump":
            file = rest[0].rstrip("\n")
            numpy.savez(file, **result)
            answer({"dumped": file})
        else:
            answer({part: milliseconds(seconds[part]) for part in PARTS})


def measure(workload, variants, repeats):
    runs = {variant: [] for variant in variants}
    for variant in variants:
        workload.run(variant)
    for _ in range(repeats):
        for variant in variants:
            runs[variant].append(workload.run(variant)[0])
    for variant in variants:
        summary = {}
        for part in PARTS:
            times = [run[part] for run in runs[variant]]
            summary[part] = [milliseconds(min(times)), milliseconds(statistics.median(times))]
        yield variant, summary


def command_line():
    parser = argparse.ArgumentParser(description="One TRPO update on PyTorch, timed part by part.")
    parser.add_argument("--problem", help="read the problem from this .npz file")
    parser.add_argument("--dump", help="write what one update gave to this .npz file")
    parser.add_argument("--variant", choices=["cached", "textbook", "both"], default="both")
    parser.add_argument("--dtype", choices=["f32", "f64"], default="f32")
    parser.add_argument("--serve", action="store_true", help="answer requests on standard input")
    for name, default in dict(threads=1, repeats=9, batch=5000, obs=17, act=6, hidden=256, cg=10).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def has_openblas():
    """Whether matrix products are those of OpenBLAS, or of MKL; Debian installs a reference BLAS by default."""
    with open("/proc/self/maps") as maps:
        return "openblas" in maps.read() or "USE_MKL=ON" in torch.__config__.show()


def set_threads(count):
    torch.set_num_threads(count)
    try:
        # PyTorch tells OpenMP; an OpenBLAS that was built without OpenMP has threads of its own.
        ctypes.CDLL("libopenblas.so.0").openblas_set_num_threads(count)
    except (OSError, AttributeError):
        pass


def main():
    options = command_line()
    set_threads(options.threads)
    torch.set_default_dtype(torch.float32 if options.dtype == "f32" else torch.float64)
    torch.manual_seed(0)
    stored = dict(numpy.load(options.problem)) if options.problem else None
    if stored is None:
        observation, action, width = options.obs, options.act, options.hidden
    else:
        (observation, width), action = stored["W1"].shape, len(stored["logStd"])
    workload = Workload(observation, action, width, options.cg)
    problem = {}
    if stored is None:
        workload.draw(options.batch, observation)
        problem = {name: tensor.numpy() for name, tensor in workload.data.items()}
        problem.update({f"{name}_old": array for name, array in workload.weights().items()})
    else:
        workload.load(stored)
    name = f"pytorch {torch.__version__}"
    if options.serve:
        serve(workload, name)
        return
    variants = ["textbook", "cached"] if options.variant == "both" else [options.variant]
    sizes = {"threads": options.threads, "batch": len(workload.data["observations"]), "hidden": width}
    for variant, summary in measure(workload, variants, options.repeats):
        row = {"engine": name, "variant": variant, "dtype": options.dtype, **sizes, **summary}
        print(json.dumps(row), flush=True)
    if options.dump:
        numpy.savez(options.dump, **problem, **workload.run(variants[-1])[1])


if __name__ == "__main__":
    main()
