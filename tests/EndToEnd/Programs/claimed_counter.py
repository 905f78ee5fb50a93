"""claimed_counter.py file|directory ROUNDS: adds ROUNDS to the number in ./counter, each time having made ./claim, which nobody else may have made."""
import os
import sys
import time

make, remove = {
    "file": (lambda: os.close(os.open("claim", os.O_CREAT | os.O_EXCL | os.O_WRONLY)), lambda: os.unlink("claim")),
    "directory": (lambda: os.mkdir("claim"), lambda: os.rmdir("claim")),
}[sys.argv[1]]

for _ in range(int(sys.argv[2])):
    while True:
        try:
            make()
            break
        except FileExistsError:
            time.sleep(0.01)
    with open("counter") as file:
        number = int(file.read())
    with open("counter", "w") as file:
        file.write(str(number + 1))
    try:
        remove()
    except FileNotFoundError:
        sys.exit("somebody else removed our claim")
