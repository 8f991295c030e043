f1() { echo hi; }
f2() { a & b; c && d || e; ! x | y |& z; time -p foo; time bar; }
f3() { if a; then b; elif c; then d; else e; fi; }
f4() { for x; do echo $x; done; for y in 1 2; do :; done; for ((i=0; i<3; i++)); do echo; done; for ((;;)); do :; done; }
f5() { case $x in a|b) echo 1;; (c) echo 2;& *) ;; esac; while read x; do :; done; until false; do a; b; done <f >g; }
f6() { cat <<E; echo b
body $x
E
}
f7() { cat <<E | tr a b
body
E
cat <<-'E' && x
	q
	E
}
f8() ( echo a; echo b )
f9() { (a; b) >x 2>&1; { c; d; } | e; [[ a ]]; [[ -f x && ! ( $a == b* || c =~ d ) ]]; (( x++ )); }
f10() { coproc foo; coproc N { a; }; select q in a b; do c; done; g() { echo in; }; function h { echo; }; }
f11() { echo $'a\tb' $"loc" `echo a` $(  echo   b; c ) $( (x) ) $(<f) <(a) ${x:-y z} $((1+ 2)); a=1 b=(1 "2  3" [4]=5) c; declare -a q=(a   b); }
f12() { echo 1>x >&2 2>&1 <&3 3<&- >&- {fd}>y &>z &>>w <>u >|v <<<word 0<a 3<b >&$x <&$y >&3-; } 2>/dev/null
f13() while a; do b; done
f14() { a=$(cat <<E
x
E
); b & }
f15() { if a; then b & fi; x() (y); { z & }; }
function if { echo; }
f16() { a ||
b; { a; b; }; if (a); then { b; } fi; case x in esac; ! { a; }; ! ; time; }
f17() { cat <<A <<B
a
A
b
B
echo c; }
f18() { { cat <<A
a
A
}; if cat <<E; then
q
E
b; fi; while cat <<E; do x; done
q
E
}
f19() { foo=bar; x+=1 y[2]=3 cmd; export A=$b; local z; [[ $x < y ]]; [[ "a" -nt b ]]; echo a\ b "c'd" 'e"f'; }
f20() { for x in $(a; b); do
# comment
echo; done > f; }
