# Nothing is done: the lease ends by itself.
for _ in $(seq 300); do
    ip -4 address show dev ibft0 | grep -q inet || break
    sleep 1
done
sleep 20
