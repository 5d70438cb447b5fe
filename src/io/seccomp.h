#pragma once

namespace shoal::io {

/// A file descriptor that holds the system call filter of a sandbox (classic BPF, seccomp(2)), for
/// bubblewrap's --seccomp; -1 when it cannot be made. The filter refuses what media tools never
/// need and exploits do: other architectures' calls, namespaces, mounts, modules, tracing, io_uring
/// and the like; without `may_fork` also every new process (threads are fine).
int make_system_call_filter(bool may_fork);

}  // namespace shoal::io
