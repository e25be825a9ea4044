# The process-pool library: stands alone, includes nothing else of the project.
FORKPOOL_LIB :=

install-forkpool:
uninstall-forkpool:
