// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import Foundation

/// A terminal that does not show what is typed, until `end`: also if somebody stops the program
/// meanwhile, who would else type blindly from then on.
struct SilentTerminal {
  private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  private let kept: termios
  private let watches: [any DispatchSourceSignal]

  init(_ prompt: String) {
    FileHandle.standardError.write(Data(prompt.utf8))
    var kept = termios()
    tcgetattr(STDIN_FILENO, &kept)
    let shown = kept
    self.kept = kept
    watches = Self.signals.map { number in
      signal(number, SIG_IGN)
      let watch = DispatchSource.makeSignalSource(signal: number, queue: .global())
      watch.setEventHandler {
        Self.restore(shown)
        _exit(128 + number)
      }
      watch.resume()
      return watch
    }
    kept.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &kept)
  }

  func end() {
    Self.restore(kept)
    for watch in watches { watch.cancel() }
    for number in Self.signals { signal(number, SIG_DFL) }
  }

  private static func restore(_ settings: termios) {
    var settings = settings
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
    FileHandle.standardError.write(Data("\n".utf8))
  }
}
