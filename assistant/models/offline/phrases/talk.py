"""What is said about this model itself, and in small talk."""

_CAN_EN = """\
- **look**: “list the largest files”, “find files changed in the last 3 days”, “search for TODO in *.py”, “show the first 20 lines of notes.txt”
- **sum up**: “summarise report.md”, “how many words has essay.txt”, “compare a.txt and b.txt”, “make a TODO list”
- **change**: “rename all .jpeg to .jpg”, “move *.log into logs/”, “create notes.txt with …”, “replace X by Y in notes.txt”, “delete old.txt”
- **run**: “run `make test`”, “git status”
- **compute**: “15% of 240”, “5 km in miles”, “days between 2026-01-01 and 2026-03-01”
- **report**: “what did you do?”"""
_CAN_ZH = """\
- **查看**：“列出最大的文件”、“最近三天修改的文件”、“在 *.py 里搜索 TODO”、“显示 notes.txt 的前 20 行”
- **归纳**：“总结 report.md”、“统计 essay.txt 的字数”、“比较 a.txt 和 b.txt”、“列出所有 TODO”
- **修改**：“把所有 .jpeg 改名为 .jpg”、“把 *.log 移动到 logs/”、“新建 notes.txt，内容是……”、“把 notes.txt 里的 X 改成 Y”、“删除 old.txt”
- **运行**：“运行 `make test`”、“git 状态”
- **计算**：“240 的 15%”、“5 公里等于多少英里”、“2026-01-01 到 2026-03-01 有多少天”
- **说明**：“刚才做了什么？”"""

PHRASES: dict[str, tuple[str, str]] = {
    "who": ("I am the assistant's built-in rule-based model: no AI, just fixed rules for everyday work on this folder. For anything else, choose another model (`/model`).", "我是助手内置的规则模型：不是人工智能，只会按固定规则处理这个文件夹里的日常事务。其他事情请换一个模型（`/model`）。"),
    "can": (f"What I can do:\n\n{_CAN_EN}", f"我能做的事：\n\n{_CAN_ZH}"),
    "unknown": ("I did not understand that: I am the built-in rule-based model, no AI.", "我没有听懂：我是内置的规则模型，不是人工智能。"),
    "unknown long": ("That is too long for me: I am the built-in rule-based model, no AI, and understand short requests.", "这段话对我来说太长了：我是内置的规则模型，不是人工智能，只能听懂简短的要求。"),
    "unknown url": ("I can't open web addresses: I am the built-in rule-based model, no AI, and work on this folder only.", "我不能打开网址：我是内置的规则模型，不是人工智能，只处理这个文件夹。"),
    "how": ("I can't explain how, but I can do it when you say it as a request, such as “delete old.txt” or “rename a.txt to b.txt”. Nothing was done.", "我不会讲解做法，但您直接说出来我就能做，例如“删除 old.txt”或“把 a.txt 改名为 b.txt”。现在什么都没有做。"),
    "decline": ("Understood: nothing was done. (I remember this only as part of our conversation. A boundary that always holds is set in the task's rules.)", "好的，什么都没有做。（我只在这次对话里记得；要长期生效，请在任务规则里设一条界限。）"),
    "greet": ("Hello! I am the built-in rule-based model, no AI. Ask me about the files here, or say “help”.", "你好！我是内置的规则模型，不是人工智能。可以问我这里的文件，或者说“帮助”。"),
    "thanks": ("You're welcome.", "不客气。"),
    "undo": ("I can't undo or apply changes myself. They lie on this task's stage: `/review` shows them, and there you apply, drop or undo them (`assistant stage` outside the chat).", "我自己不能撤销或应用更改。更改都在这个任务的暂存区里：用 `/review` 查看，在那里应用、丢弃或撤销（对话之外用 `assistant stage`）。"),
    "ask file": ("Which file? Please name it.", "哪个文件？请说出文件名。"),
    "ask second file": ("Compare it with which file?", "和哪个文件比较？"),
    "ask files": ("Which two files? For example: “compare a.txt and b.txt”.", "哪两个文件？例如：“比较 a.txt 和 b.txt”。"),
    "ask target": ("What exactly? Please name the file, the folder, or a pattern such as `*.tmp`.", "具体是什么？请说出文件、文件夹，或 `*.tmp` 这样的模式。"),
    "ask command": ("Which command?", "哪条命令？"),
    "ask new name": ("What should the new name be?", "新名字是什么？"),
    "nothing before": ("I have done nothing in this conversation yet.", "这次对话里我还什么都没有做。"),
    "nothing to go on": ("There is nothing to go on with.", "没有可以继续的事。"),
    "did": ("For “{request}” I made {n:call|calls}:", "对于“{request}”，我做了 {n} 步："),
    "did none": ("For “{request}” I used no tool.", "对于“{request}”，我没有使用工具。"),
    "did ok": ("done", "完成"),
    "did failed": ("failed: {why}", "失败：{why}"),
    "did refused": ("refused", "被拒绝"),
    "did person": ("needs your approval, which nobody gave", "需要您批准，但没有得到"),
    "did open": ("not finished", "没有完成"),
    "no failure": ("Nothing has failed or been refused in this conversation.", "这次对话里没有失败或被拒绝的操作。"),
    "failure": ("The last thing that did not work: {what}: {how}.", "最近一次没有成功的操作：{what}：{how}。"),
    "act read_file": ("read {x}", "读取 {x}"),
    "act list_dir": ("listed {x}", "列出 {x}"),
    "act find_files": ("looked for files {x}", "查找文件 {x}"),
    "act search_text": ("searched for {x}", "搜索 {x}"),
    "act write_file": ("wrote {x}", "写入 {x}"),
    "act edit_file": ("edited {x}", "编辑 {x}"),
    "act move_files": ("moved {x}", "移动 {x}"),
    "act delete_files": ("deleted {x}", "删除 {x}"),
    "act run_command": ("ran {x}", "运行 {x}"),
    "act other": ("used {x}", "使用 {x}"),
    "sum": ("{expression} = **{value}**", "{expression} = **{value}**"),
    "sum about": ("{expression} ≈ **{value}**", "{expression} ≈ **{value}**"),
    "days": ("From {a} to {b}: **{n:day|days}**.", "从 {a} 到 {b}：**{n} 天**。"),
    "day": ("{day} is a **{weekday}**.", "{day} 是**{weekday}**。"),
    "date after": ("{n:day|days} after {a}: **{day}**, a {weekday}.", "{a} 之后 {n} 天：**{day}**，{weekday}。"),
    "date before": ("{n:day|days} before {a}: **{day}**, a {weekday}.", "{a} 之前 {n} 天：**{day}**，{weekday}。"),
    "no sum": ("I can't compute that: {why}.", "算不出来：{why}。"),
    "why syntax": ("the expression is not complete or holds something I don't know", "算式不完整，或有我不认识的内容"),
    "why zero": ("it divides by zero", "除数为零"),
    "why big": ("the numbers would become too large", "数字太大"),
    "why domain": ("there is no real number that answers it", "没有实数解"),
    "why name": ("it holds a name that I don't know", "有我不认识的名称"),
    "why units": ("the two units don't measure the same thing", "两个单位量的不是同一种东西"),
}  # fmt: skip
