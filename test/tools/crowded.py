"""Runs a program in which the descriptors below 1,100 are taken: select(2) would write beyond its sets.

usage: crowded.py PROGRAM [ARGUMENT...]
"""
import os, resource, sys

TAKEN = 1100

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if hard != resource.RLIM_INFINITY and hard < 2 * TAKEN:
    sys.exit(77)  # skipped
resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * TAKEN), hard))
null = os.open("/dev/null", os.O_RDWR)
while (taken := os.dup(null)) < TAKEN:
    os.set_inheritable(taken, True)
os.execv(sys.argv[1], sys.argv[1:])
