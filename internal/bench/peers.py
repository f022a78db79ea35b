#!/usr/bin/env python3
"""textgan against PyTorch on the same work, in turn, and against the machine's limits.

    python3 internal/bench/peers.py [--rounds 5] [--emb 32 --hidden 32] [--isa avx512|avx2|generic] [--only g_soft,...]

Needs Go, and python3 with torch (Debian: apt-get install python3-torch libopenblas0-pthread).
Every round runs each side once for each work, textgan on all cores, PyTorch on one and on two threads; the
ratio is that of the medians, with PyTorch's faster thread count; the share of the roofline is the median of
the rounds' shares, each by limits measured just before. Batches are full: no sentence ends early.
"""
import argparse, json, os, re, statistics, subprocess, sys, tempfile

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.join(here, '..', '..')
ap = argparse.ArgumentParser()
for name, value in dict(vocab=4700, batch=64, len=37, emb=32, hidden=32, rounds=5).items():
    ap.add_argument('--' + name, type=int, default=value)
ap.add_argument('--isa', default='')
ap.add_argument('--only', default='')
ap.add_argument('--bf16', action='store_true', help='textgan with products of bf16; PyTorch stays at float32')
ap.add_argument('--no-peer', action='store_true', help='textgan alone')
a = ap.parse_args()
V, B, T, E, H, De, F = a.vocab, a.batch, a.len, a.emb, a.hidden, 64, 100

WORKS = {'mle': 'mle', 'g_soft': 'gan_g_soft', 'g_st': 'gan_g_st', 'd_st': 'gan_d_ids', 'd_soft': 'gan_d_soft', 'vae': 'vae', 'sample': 'sample',
         'relgan': 'relgan'}  # memory of 128, R = 16, 300 filters; --emb and --len as the others
works = [w for w in WORKS if not a.only or w in a.only.split(',')]


def floor():
    """Floating-point operations and bytes that a step cannot do without. Operations: the products, and for
    each of the B T V logits an exponential with its sum and scale (25: six fused steps of the polynomial and
    what stands around it) and, where there is noise, two logarithms (24 each); the integer work of the random
    numbers is not counted. Bytes: one pass over what does not fit a cache (y [B,T,V] written and read,
    weights, gradients and moments of Adam)."""
    n = B * T
    out, rnn = 2 * n * H * V, 2 * n * 4 * H * (E + H)
    conv = sum(2 * B * (T - k + 1) * k * De * F for k in (2, 3, 4, 5)) + 2 * 2 * B * (4 * F) ** 2
    params_g = V * E + 4 * H * (E + H) + H * V + V
    params_d = V * De + 14 * De * F + 2 * (4 * F) ** 2
    adam = lambda p: 4 * p * 8
    y = 4 * n * V
    soft = 2 * n * V * (E + De)
    exp, noise = 25 * n * V, 48 * n * V
    enc = 2 * n * 4 * H * (E + H)
    M, R, RF = 128, 16, 300
    memory = 2 * n * (E * M + 2 * 3 * M * M + 2 * 2 * M * M + 2 * M * M)
    reps = sum(2 * B * R * (T - k + 1) * k * (De // R) * RF for k in (2, 3, 4, 5))
    dense = 2 * 2 * B * R * (4 * RF) ** 2 + 2 * B * R * 4 * RF * 100
    params_r = V * E + E * M + 3 * M * M + 4 * M * M + 2 * M * M + M * V + V
    return {
        'mle': (3 * (out + rnn) + exp, adam(params_g)),
        # forward: output, y.[E|De]; back: dy = [dE|dDe].[E|De]', dh, dW, dE; critic: real and fake forward, input gradient sparse
        'g_soft': (3 * out + 3 * rnn + soft + soft + 2 * n * V * E + 2 * conv + exp + noise, adam(params_g) + 3 * y),
        'g_st': (3 * out + 3 * rnn + soft + 2 * conv + exp + noise, adam(params_g) + 2 * y),
        'd_st': (out + rnn + exp + 2 * conv + 2 * 2 * 2 * 2 * B * (4 * F) ** 2, adam(params_d)),
        'd_soft': (out + rnn + exp + noise + soft + 2 * n * V * De + 2 * conv + 2 * 2 * 2 * 2 * B * (4 * F) ** 2, adam(params_d) + 2 * y),
        'vae': (3 * (out + rnn + enc) + exp, adam(params_g + 4 * H * (E + H) + 64 * H)),
        # forward, output and memory; back; y by the critic's tables, and its gradient; real and fake through the critic,
        # the fake back: of its filters those that won
        'relgan': (3 * (2 * n * M * V + memory) + 2 * 2 * n * V * De + 2 * reps + 3 * dense + exp + noise, adam(params_r) + 3 * y),
        'sample': (out + rnn + exp, 4 * params_g),
    }


def go_env():
    e = dict(os.environ)
    if a.isa:
        e['TEXTGAN_ISA'] = a.isa
    return e


def bench(binary, pattern, seconds='0.4s', args=()):
    """ns/op, B/op.. of every matching benchmark, and the peak memory of the process."""
    p = subprocess.Popen([binary, '-test.run=^$', '-test.bench=' + pattern, '-test.benchtime=' + seconds, '-test.benchmem', *args],
                         stdout=subprocess.PIPE, text=True, cwd=root, env=go_env())
    text = p.stdout.read()
    _, status, usage = os.wait4(p.pid, 0)
    if status:
        sys.exit('peers: benchmark failed:\n' + text)
    return {m[0]: dict(re.findall(r'([\d.]+) (\S+)', m[1])[i][::-1] for i in range(len(re.findall(r'([\d.]+) (\S+)', m[1]))))
            for m in re.findall(r'^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)$', text, re.M)}, usage.ru_maxrss / 1024


def torch(work, threads):
    p = subprocess.Popen([sys.executable, os.path.join(here, 'torch_gan.py'), '--only', WORKS[work], '--threads', str(threads), '--iters', '3',
                          *sum((['--' + k, str(getattr(a, k))] for k in ('vocab', 'batch', 'len', 'emb', 'hidden')), [])],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=dict(os.environ, OMP_NUM_THREADS=str(threads)))
    text = p.stdout.read()
    _, status, usage = os.wait4(p.pid, 0)
    if status:
        sys.exit('peers: PyTorch does not run; on Debian: apt-get install python3-torch libopenblas0-pthread, and use /usr/bin/python3')
    return json.loads(text)['median_s'], usage.ru_maxrss / 1024


def vmstat():
    try:
        with open('/proc/vmstat') as f:
            return {k: int(v) for k, v in (line.split() for line in f)}
    except OSError:
        return {}


def conditions():
    """What speaks against the ratios on this machine, a sentence each: the linear algebra that PyTorch has
    loaded, and what the first touch of memory costs, which PyTorch pays in every step and textgan once."""
    said = []
    if a.no_peer:
        return said
    if 'OPENBLAS_CORETYPE' in os.environ:
        said.append('OPENBLAS_CORETYPE=%s is set: PyTorch may run kernels of another processor; unset it' % os.environ['OPENBLAS_CORETYPE'])
    script = 'import torch; torch.mm(torch.ones(64, 64), torch.ones(64, 64)); print(torch.__version__); print(open("/proc/self/maps").read())'
    out = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True).stdout
    libs = sorted(set(re.findall(r'/([^/\s]*(?:blas|mkl)[^/\s]*\.so[^/\s]*)', out)))
    print('PyTorch %s on %s' % (out.split('\n', 1)[0], ', '.join(libs) or 'no BLAS that its memory map names'))
    if not any('openblas' in x or 'mkl' in x for x in libs):
        said.append('PyTorch runs on neither OpenBLAS nor MKL; on Debian: apt-get install libopenblas0-pthread')
    touch = ('import resource, time\nn = 1 << 28\nt = time.perf_counter(); f = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\nb = bytearray(n)\n'
             'cold = time.perf_counter() - t; f = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - f\nc = bytearray(n); t = time.perf_counter(); c[:] = b\n'
             'print(n / cold / 1e9, f, 2 * n / (time.perf_counter() - t) / 1e9)')
    cold, faults, warm = (float(x) for x in subprocess.run([sys.executable, '-c', touch], capture_output=True, text=True).stdout.split())
    print('memory: first touch %.1f GB/s with %d page faults for 256 MB, copying %.1f GB/s' % (cold, faults, warm))
    if cold < warm / 8:
        said.append('the first touch of memory is %.0f times slower than copying it: PyTorch allocates in every step and falls behind for that alone' % (warm / cold))
    if warm > 40:
        said.append('copying runs at %.0f GB/s: on such machines PyTorch fell behind by 9 to 26 times, which says little of others' % warm)
    return said


warnings, before = conditions(), vmstat()
with tempfile.TemporaryDirectory() as tmp:
    for pkg in ('train', 'internal/kernel'):
        subprocess.run(['go', 'test', '-c', '-o', os.path.join(tmp, os.path.basename(pkg) + '.test'), './' + pkg], cwd=root, check=True)
    steps, kernels = os.path.join(tmp, 'train.test'), os.path.join(tmp, 'kernel.test')
    shape = ['-vocab=%d' % V, '-batch=%d' % B, '-len=%d' % T, '-emb=%d' % E, '-hidden=%d' % H, '-bf16=%s' % str(a.bf16).lower()]
    ours, rss, peers, peer_rss, ceilings = {w: [] for w in works}, {}, {w: {1: [], 2: []} for w in works}, {}, {w: [] for w in works}
    for _ in range(a.rounds):
        for w in works:
            # A machine that others share changes its speed within seconds: limits are taken beside each work.
            top, _ = bench(kernels, 'Ceiling', '0.1s')
            got, rss[w] = bench(steps, '^BenchmarkStep$/^%s$' % w, args=shape)
            if 'Step/' + w not in got:
                continue
            ours[w].append(float(got['Step/' + w]['ns/op']) / 1e9)
            ceilings[w].append((float(top['Ceiling/flops']['GFLOP/s']) * 1e9, float(top['Ceiling/bytes']['GB/s']) * 1e9))
            for th in (1, 2):
                if not a.no_peer and not (peers[w][th] and peers[w][th][-1] > 4 * min(peers[w][1])):
                    s, mem = torch(w, th)
                    peers[w][th].append(s)
                    peer_rss[w] = min(mem, peer_rss.get(w, mem))

peak, band = (statistics.median(c[i] for w in works for c in ceilings[w]) / 1e9 for i in (0, 1))
print('V=%d B=%d T=%d E=%d H=%d; %d rounds, medians; isa %s; ceilings %.0f GFLOP/s, %.0f GB/s\n' % (V, B, T, E, H, a.rounds, a.isa or 'best', peak, band))
print('| work | textgan ms | PyTorch ms, 1 thread | 2 threads | ratio | floor ms | share of the roofline | peak MB | PyTorch MB |')
print('|---|---|---|---|---|---|---|---|---|')
fl = floor()
for w in works:
    if not ours[w]:
        continue
    t = statistics.median(ours[w])
    p = {th: statistics.median(v) for th, v in peers[w].items() if v}
    best = min(p.values()) if p else float('nan')
    least = [max(fl[w][0] / c[0], fl[w][1] / c[1]) for c in ceilings[w]]
    low, share = statistics.median(least), statistics.median(l / s for l, s in zip(least, ours[w]))
    print('| %s | %.1f | %s | %s | %.1f | %.1f | %.0f %% | %.0f | %s |' % (w, t * 1e3, *('%.0f' % (p[th] * 1e3) if th in p else '-' for th in (1, 2)),
          best / t, low * 1e3, 100 * share, rss[w], '%.0f' % peer_rss[w] if w in peer_rss else '-'))

after = vmstat()
reclaimed = sum(after.get(k, 0) - before.get(k, 0) for k in ('pgsteal_kswapd', 'pgsteal_direct', 'pgsteal_khugepaged'))
if reclaimed > 10000:
    warnings.append('the kernel took back %d pages while this ran: memory was short, or something reclaims it' % reclaimed)
for w in warnings:
    print('\nWARNING: ' + w, end='')
print()
