"""What is said when something does not go."""

PHRASES: dict[str, tuple[str, str]] = {
    "no tool": ("I need the tool {tool} for that, and this task does not have it. Enable it with `/tools` (or `--tools`), then ask again.", "这需要工具 {tool}，但这个任务里没有启用。请用 `/tools`（或 `--tools`）启用它，然后再说一次。"),
    "refused": ("The rules of this task do not allow that: {what}. Nothing of it was done; the log shows which rule decided.", "这个任务的规则不允许：{what}。没有执行；日志里可以看到是哪条规则。"),
    "needs_person": ("That needs your approval, and nobody gave it: {what}. Nothing of it was done.", "这需要您批准，但没有得到批准：{what}。没有执行。"),
    "said no": ("That needs your approval, and you said no: {what}. Nothing of it was done.", "这需要您批准，而您没有同意：{what}。没有执行。"),
    "failed": ("That did not work: {why}", "没有成功：{why}"),
    "timeout": ("That took too long and was stopped: {what}.", "用时太长，已停止：{what}。"),
    "stopped": ("That was stopped: {what}.", "已停止：{what}。"),
    "may_have_happened": ("That was interrupted, so it may or may not have happened: {what}. Please look before you ask again.", "中途中断，可能已经执行，也可能没有：{what}。请先查看再决定。"),
    "sandbox_unavailable": ("Tools can't run on this machine: nothing here can contain them. `assistant doctor` says what is missing.", "这台机器上无法运行工具：没有可用的沙箱。`assistant doctor` 会说明缺什么。"),
    "log_unavailable": ("Tools can't run because the log can't be written. `assistant doctor` says more.", "日志无法写入，所以工具不能运行。`assistant doctor` 会说明原因。"),
    "not found": ("There is no {file} here.", "这里没有 {file}。"),
    "which": ("There is no {file}. Which of these do you mean?", "没有 {file}。是下面的哪一个？"),
    "binary": ("{file} is no text file, so I can't read it.", "{file} 不是文本文件，我读不了。"),
    "is folder": ("{file} is a folder.", "{file} 是文件夹。"),
    "unreadable": ("I could not make sense of what the tool {tool} answered.", "我看不懂工具 {tool} 的回答。"),
    "too many": ("I stopped after {n:call|calls}: that is the most I make for one request.", "已经调用了 {n} 次，这是我对一个要求的上限，所以停下了。"),
    "not done": ("Not done after that: {steps}.", "之后的步骤没有执行：{steps}。"),
    "step": ("step {n}", "第 {n} 步"),
}  # fmt: skip
