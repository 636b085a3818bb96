# networking.service started for the 60 seconds that dhclient waits.
times=$(systemctl show networking.service --property InactiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic)
echo "$times"
eval "$times"
[ $((ActiveEnterTimestampMonotonic - InactiveExitTimestampMonotonic)) -ge 60000000 ]
