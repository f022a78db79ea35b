#!/usr/bin/env bash
# Apache OpenNLP 2.1.0: the probabilities of its NGramLanguageModel exceed 1, and nonsense beats the
# text that was learnt. The count of a word is divided by how many different n-grams there are, not
# by how many words: read the text twice and all words are twice as probable, and a model of
# bigrams that backs off to them finds "ann ann ann" likelier than any sentence it has seen, as
# it does seven in eight of those it has not. The same back-off over the number of words, written
# out beside it, puts none of them first. The interface has "the probability p (between 0 and 1)".
#
# Needs a JDK of version 11 or newer.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download libapache-opennlp-java=2.1.0-1 libslf4j-java=1.7.32-1 >/dev/null 2>&1
for p in *.deb; do dpkg -x "$p" .; done
cat >Model.java <<'JAVA'
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import opennlp.tools.languagemodel.NGramLanguageModel;

public class Model {
  static final List<String> NAMES = List.of("ann", "ben", "cat", "dan"), VERBS = List.of("sees", "hears", "likes");
  static final List<String[]> text = new ArrayList<>(), others = new ArrayList<>();

  // told says what a model makes of the sentences, and how many of the others it puts before all of the text.
  static void told(String name, ToDoubleFunction<String[]> p) {
    double most = text.stream().mapToDouble(p).max().getAsDouble() * 1.000001;
    System.out.printf("%s: 'ann sees ben' %.4f, 'ann ann ann' %.4f; %d of %d sentences that are not in the text before all that are%n", name,
        p.applyAsDouble(new String[] {"ann", "sees", "ben"}), p.applyAsDouble(new String[] {"ann", "ann", "ann"}),
        others.stream().mapToDouble(p).filter(q -> q > most).count(), others.size());
  }

  public static void main(String[] args) {
    List<String> words = new ArrayList<>(NAMES);
    words.addAll(VERBS);
    for (String a : words) for (String b : words) for (String c : words)
      (NAMES.contains(a) && VERBS.contains(b) && NAMES.contains(c) ? text : others).add(new String[] {a, b, c});

    for (int times : new int[] {10, 20}) for (int n = 1; n <= 3; n++) {
      NGramLanguageModel model = new NGramLanguageModel(n);
      for (int i = 0; i < times; i++) text.forEach(model::add);
      System.out.printf("text read %d times, order %d: p(ann) %.2f, of all words %.2f%n", times, n,
          model.calculateProbability("ann"), words.stream().mapToDouble(model::calculateProbability).sum());
      if (n == 2) told("  bigrams of OpenNLP", model::calculateProbability);
    }

    Map<String, Integer> count = new HashMap<>();
    for (String[] s : text) for (int i = 0; i < 3; i++) {
      count.merge(s[i], 1, Integer::sum);
      if (i > 0) count.merge(s[i - 1] + " " + s[i], 1, Integer::sum);
    }
    told("bigrams over the number of words", s -> {
      double p = 1;
      for (int i = 1; i < 3; i++) {
        Integer both = count.get(s[i - 1] + " " + s[i]);
        p *= both != null ? (double) both / count.get(s[i - 1]) : .4 * count.get(s[i]) / (3 * text.size());
      }
      return p;
    });
  }
}
JAVA
out=$(java -cp usr/share/java/opennlp-tools-2.1.0.jar:usr/share/java/slf4j-api.jar:usr/share/java/slf4j-nop.jar Model.java)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
text read 10 times, order 1: p(ann) 34.29, of all words 205.71
text read 10 times, order 2: p(ann) 7.74, of all words 46.45
  bigrams of OpenNLP: 'ann sees ben' 0.0417, 'ann ann ann' 9.5900; 259 of 295 sentences that are not in the text before all that are
text read 10 times, order 3: p(ann) 3.04, of all words 18.23
text read 20 times, order 1: p(ann) 68.57, of all words 411.43
text read 20 times, order 2: p(ann) 15.48, of all words 92.90
  bigrams of OpenNLP: 'ann sees ben' 0.0417, 'ann ann ann' 38.3600; 259 of 295 sentences that are not in the text before all that are
text read 20 times, order 3: p(ann) 6.08, of all words 36.46
bigrams over the number of words: 'ann sees ben' 0.0417, 'ann ann ann' 0.0044; 0 of 295 sentences that are not in the text before all that are
EXPECTED
