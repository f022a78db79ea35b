package vocab

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Molecules of everyday names: rings, branches, charges, isotopes, both kinds of
// stereochemistry, ring closures above 9, salts, a reaction, a query atom.
var molecules = []string{
	"O", "C", "CCO", "CC(=O)O", "C#N", "[Na+].[Cl-]", "c1ccccc1", "Cc1ccccc1", "CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
	"CC(C)Cc1ccc(cc1)[C@@H](C)C(=O)O", "CC(=O)Nc1ccc(O)cc1", "OC[C@H]1OC(O)[C@H](O)[C@@H](O)[C@@H]1O", "C[C@H](N)C(=O)O", "N[C@@H](CS)C(=O)O",
	"F/C=C/F", `F/C=C\F`, "FC(Cl)(Br)I", "BrCCCl", "Clc1ccc(Br)cc1", "C1CCCCC1", "C1CC2CCC1C2", "[2H]O[2H]", "[13CH4]", "[OH3+]", "[Fe+2]", "[Cu++]",
	"CN1CCC[C@H]1c1cccnc1", "CN(C)CCc1c[nH]c2ccccc12", "O=C(O)c1ccccc1", "C(=O)([O-])[O-].[Ca+2]", "CS(=O)C", "OP(=O)(O)O", "[O-][N+](=O)c1ccccc1",
	"C%10CCCCC%10", "C%12%13CCC%12CC%13", "[nH]1cccc1", "s1cccc1", "o1cccc1", "[Si](C)(C)(C)C", "[se]1cccc1", "B(O)O", "CBr.[K+]", "CC>>CO", "CCO.CC(=O)O>[H+]>CCOC(C)=O.O",
	"*C(=O)O", "C~C", "C:C", "[C:1](=[O:2])[OH:3]", "N#Cc1ccccc1", "CCCCCCCCCCCCCCCC(=O)O", "C1=CC=C2C(=C1)C=CC=C2", "[Br-]", "[$([CX3])]", "C[C@TB1](F)O",
}

func TestSMILES(t *testing.T) {
	tok := tokenizer(t, "smiles", "")
	atoms := regexp.MustCompile(`\[[^\[\]\s]+\]|Br|Cl|%[0-9]{2}|.`)
	for _, m := range molecules {
		require.Equal(t, atoms.FindAllString(m, -1), tok.Pieces(m))
		require.Equal(t, m, tok.Join(tok.Pieces(m)))
	}
	require.Equal(t, []string{"C", "[C@@H]", "(", "Cl", ")", "%12", "Br", "#", "[N+]"}, tok.Tokenize("C[C@@H](Cl)%12Br#[N+]"))
	v, err := Build(molecules, tok, Options{})
	require.NoError(t, err)
	for _, m := range molecules {
		require.Equal(t, m, v.Decode(v.Encode(m)))
	}
	for _, odd := range []string{"[", "[]", "[C", "[[C]", "[C ]", "%1", "% 12", "CCO ethanol"} {
		require.Equal(t, odd, tok.Join(tok.Pieces(odd)))
	}
}

func TestCode(t *testing.T) {
	tok := tokenizer(t, "code", "")
	require.Equal(t, Keep, tok.Case())
	for line, want := range map[string][]string{
		"\t\tif x_1 != 0x1F && Foo(a...) {":  {"\t", "\t", "if", " ", "x_1", " ", "!=", " ", "0x1F", " ", "&&", " ", "Foo", "(", "a", "...", ")", " ", "{"},
		"        return self.Höhe**2  # why": {"        ", "return", " ", "self", ".", "Höhe", "**", "2", "  ", "#", " ", "why"},
		`for(;;)p->q<<=1;`:                   {"for", "(", ";", ";", ")", "p", "->", "q", "<<=", "1", ";"},
	} {
		require.Equal(t, want, tok.Pieces(line))
	}
	for _, file := range []string{"tokenizer.go", "testdata/make_tokens.py", "testdata/make_subwords.mjs"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for line := range strings.SplitSeq(string(source), "\n") {
			require.Equal(t, line, tok.Join(tok.Pieces(line)))
		}
	}
}
