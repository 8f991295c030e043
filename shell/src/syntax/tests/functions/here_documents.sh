f1() { cat <<E
x
E
b; c; d; }
f2() { for x in a; do cat <<E
x
E
done; b; c; }
f3() { if a; then cat <<E
x
E
fi; b
cat <<E || (cat <<F)
e
E
f
F
g; }
f4() { coproc x >f; case a in a) cat <<E
x
E
;; esac; time ! a; (( a )) >x; [[ ! a == b ]]; a=() b=([0]=1); local -a x=() ; function if() { :; } ; }
f5() { echo a &
echo b & cat <<E &
x
E
c; }
f6() { $(a; b & c; d) $(if a; then b; fi) "$(for x in a b; do c; done)" $(cat <<E; b
x
E
) <(a;b >c) "`a`" ; }
f7() { echo "a $'x' ${x:-'y'}" $"x"y ${x:-$'a\nb'} ; }
