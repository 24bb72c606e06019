import Foundation
import TestServers
import Testing

/// `tail` on a terminal of its own: Ctrl-Z and back, another size, and the end.
@Suite(.serialized) struct TerminalTests {
  @Test func theTerminalIsGivenBackWhileTheProgramIsStopped() throws {
    let cluster = try Cluster()
    _ = try cluster.program.run("generate", "--profile", "dense", "--events", "2000")
    _ = try cluster.program.run("run", "--exit-at-end")
    let output = try runTool(
      "python3", ["-c", Self.script, Program.url.path],
      environment: cluster.program.environment)
    #expect(output == "as it should be\n")
  }

  private static let script = #"""
    import fcntl, os, pty, select, signal, struct, sys, termios, time
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.argv[1], [sys.argv[1], "tail"])
    def resize(rows, columns):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    def read(until, seconds=20):
        seen, end = b"", time.time() + seconds
        while until not in seen:
            left = end - time.time()
            assert left > 0, (until, seen)
            if select.select([terminal], [], [], left)[0]:
                seen += os.read(terminal, 65536)
        return seen
    def state():
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0]
    resize(24, 80)
    read(b"\x1b[?1049h")
    read(b"total")
    resize(24, 60)
    read(b"total")
    os.write(terminal, b"\x1a")
    read(b"\x1b[?1049l")
    for _ in range(100):
        if state() == "T": break
        time.sleep(0.05)
    assert state() == "T", state()
    os.kill(pid, signal.SIGCONT)
    read(b"\x1b[?1049h")
    read(b"total")
    os.write(terminal, b"\x03")
    read(b"\x1b[?1049l")
    _, status = os.waitpid(pid, 0)
    assert status == 0, status
    print("as it should be")
    """#
}
