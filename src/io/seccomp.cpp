#include "io/seccomp.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace shoal::io {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t k_architecture = AUDIT_ARCH_X86_64;
constexpr std::array k_fork_calls{SYS_fork, SYS_vfork};
#elif defined(__aarch64__)
constexpr std::uint32_t k_architecture = AUDIT_ARCH_AARCH64;
constexpr std::array<long, 0> k_fork_calls{};
#endif

constexpr std::array k_refused{
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_getfd,
    SYS_userfaultfd,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_io_uring_setup,
    SYS_open_by_handle_at,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_acct,
    SYS_quotactl,
};

/// System calls of the x32 ABI have this bit: a second door to all of them.
constexpr std::uint32_t k_x32_bit = 0x40000000;

class Program {
 public:
  void load(std::size_t offset) {
    add(BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset));
  }
  void answer(std::uint32_t action) { add(BPF_RET | BPF_K, 0, 0, action); }
  /// Answers `action` when the loaded word equals `value`.
  void answer_if(long value, std::uint32_t action) {
    add(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<std::uint32_t>(value));
    answer(action);
  }
  void answer_unless(std::uint32_t value, std::uint32_t action) {
    add(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, value);
    answer(action);
  }
  void answer_from(std::uint32_t least, std::uint32_t action) {
    add(BPF_JMP | BPF_JGE | BPF_K, 0, 1, least);
    answer(action);
  }
  /// Skips `count` instructions unless the loaded word equals `value`.
  void skip_unless(long value, std::uint8_t count) {
    add(BPF_JMP | BPF_JEQ | BPF_K, 0, count, static_cast<std::uint32_t>(value));
  }
  void answer_if_any(std::uint32_t bits, std::uint32_t action) {
    add(BPF_JMP | BPF_JSET | BPF_K, 0, 1, bits);
    answer(action);
  }
  const std::vector<sock_filter>& instructions() const { return instructions_; }

 private:
  void add(unsigned code, std::uint8_t if_true, std::uint8_t if_false, std::uint32_t operand) {
    instructions_.push_back({static_cast<std::uint16_t>(code), if_true, if_false, operand});
  }
  std::vector<sock_filter> instructions_;
};

Program build(bool may_fork) {
  constexpr std::uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
  Program program;
  program.load(offsetof(seccomp_data, arch));
  program.answer_unless(k_architecture, SECCOMP_RET_KILL_PROCESS);
  program.load(offsetof(seccomp_data, nr));
  program.answer_from(k_x32_bit, refuse);
  for (const long call : k_refused) program.answer_if(call, refuse);
  // clone3 hides its flags behind a pointer: without it the C library falls back to clone.
  program.answer_if(SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
  if (!may_fork) {
    for (const long call : k_fork_calls) program.answer_if(call, refuse);
    program.skip_unless(SYS_clone, 4);
    program.load(offsetof(seccomp_data, args[0]));
    program.answer_if_any(CLONE_THREAD, SECCOMP_RET_ALLOW);
    program.answer(refuse);
  } else {
    program.skip_unless(SYS_clone, 4);
    program.load(offsetof(seccomp_data, args[0]));
    program.answer_if_any(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET, refuse);
    program.answer(SECCOMP_RET_ALLOW);
  }
  // It may have our terminal: nothing may be typed into that (CVE-2017-5226).
  program.skip_unless(SYS_ioctl, 5);
  program.load(offsetof(seccomp_data, args[1]));
  program.answer_if(TIOCSTI, refuse);
  program.answer_if(TIOCLINUX, refuse);
  program.answer(SECCOMP_RET_ALLOW);
  return program;
}

}  // namespace

int make_system_call_filter(bool may_fork) {
  const auto program = build(may_fork);
  const auto& instructions = program.instructions();
  const int descriptor = ::memfd_create("seccomp", MFD_CLOEXEC);
  if (descriptor < 0) return -1;
  const auto size = instructions.size() * sizeof(sock_filter);
  if (::write(descriptor, instructions.data(), size) == static_cast<ssize_t>(size) &&
      ::lseek(descriptor, 0, SEEK_SET) == 0)
    return descriptor;
  ::close(descriptor);
  return -1;
}

}  // namespace shoal::io
