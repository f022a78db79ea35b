# Rows of judged-NAME-SEED.json of the working directory, averaged over the seeds, with the
# processor time of the run NAME (up to a comma) from NAMESEED.time.
import json, os, statistics, sys


def cell(values, digits):
    if not values:
        return '-'
    text = '%.*f' % (digits, statistics.mean(values))
    if len(values) > 1:
        text += ' ± %.*f' % (digits, statistics.stdev(values) / len(values) ** .5)
    return text


seeds = os.environ.get('SEEDS', '1 2 3').split()
print('mean and standard error over %d seeds; 5,000 sentences of each, reference 5,000 fresh ones' % len(seeds))
print('| way | valid % | LM score | reverse LM score | tokens of a line | NLL of fresh lines | user s |')
print('|---|---|---|---|---|---|---|')
for name in sys.argv[1:]:
    valid, lm, reverse, length, nll, user = [], [], [], [], [], []
    for seed in seeds:
        path = 'judged-%s-%s.json' % (name, seed)
        if not os.path.exists(path) or not os.path.getsize(path):
            continue
        texts = json.load(open(path))['texts']
        t = texts[1 if 'ampled' in name else 0]  # the run by its critic stands behind the run
        valid.append(100 * t['language']['valid'] / t['language']['sentences'])
        lm.append(t['lm']['nats_per_token'])
        reverse.append(t['reverse_lm']['nats_per_token'])
        length.append(t['lengths']['mean'])
        if 'ampled' not in name and ('T=' not in name or name.endswith('T=1')):
            nll.append(t['nll']['held_out'])
        path = '%s%s.time' % (name.split(',')[0], seed)
        if os.path.exists(path) and 'ampled' not in name:
            user += [float(x) for x in open(path).read().split()[-1:]]
    if len(valid) < len(seeds):
        name += ' (%d of them)' % len(valid)
    print('| %s | %s | %s | %s | %s | %s | %s |' % (name, cell(valid, 1), cell(lm, 3), cell(reverse, 3), cell(length, 2), cell(nll, 4), cell(user, 1)))
