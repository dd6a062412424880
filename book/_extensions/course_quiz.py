r"""Two directives that close a chapter: ``{quiz}`` and ``{exercise-door}``.

A quiz is one question. Its body is the question (paragraphs, mathematics, code, pictures) and then one list; the first
paragraph of each item is an answer, opened by ``[x]`` if it is right and ``[ ]`` if it is wrong, and what follows,
indented, says why::

    ```{quiz}
    A $28\times28$ image meets a $5\times5$ kernel. How large is the feature map?

    - [ ] $28\times28$

      That would need two rows of padding on each side.

    - [x] $24\times24$

      $28-5+1 = 24$ along each axis.
    ```

On the page each answer is a ``<details>`` of its own group: it opens by mouse, touch or keyboard, and needs no script.
Every answer needs an explanation, and at least one must be right.

The door to a graded exercise downloads its notebook, and opens it in Colab once ``repository: url:`` is set::

    ```{exercise-door} 01-convolution
    Write the five functions of this chapter yourself.
    ```
"""

from pathlib import Path
from string import ascii_uppercase

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective


class quiz(nodes.container):
    """A question and its answers."""


class quiz_answer(nodes.list_item):
    """One answer: the choice, then its explanation. Without HTML it is an item of a list."""


class quiz_choice(nodes.paragraph):
    """The words of an answer, on which the reader clicks."""


class Quiz(SphinxDirective):
    has_content = True

    def run(self):
        self.assert_has_content()
        box = quiz(classes=["quiz"])
        self.set_source_info(box)
        self.state.nested_parse(self.content, self.content_offset, box)
        if not isinstance(box.children[-1], nodes.bullet_list) or len(box.children) < 2:
            raise self.error("A quiz is a question, an empty line, and then a list of answers: '- [x] right'.")
        choices = box.children[-1]
        choices["classes"] = ["quiz-answers"]
        group = f"quiz-{self.env.new_serialno('quiz')}"
        answers = [self.answer(*pair, group) for pair in zip(ascii_uppercase, choices.children, strict=False)]
        if len(answers) < 2 or not any(answer["right"] for answer in answers):
            raise self.error("A quiz needs at least two answers, and at least one right one: '- [x] …'.")
        choices.children = []
        choices.extend(answers)
        return [box]

    def answer(self, letter, item, group):
        choice = item.children[0]
        mark = choice.astext()[:4]
        if mark not in ("[x] ", "[ ] ") or len(item.children) < 2:
            raise self.error(
                f"The answer {choice.astext()!r} needs '[x]' or '[ ]' in front, and a paragraph of its own, "
                "indented under it, that says why it is right or wrong."
            )
        right = mark == "[x] "
        text = choice.children[0]
        choice.replace(text, nodes.Text(text.astext()[4:]))
        why = item.children[1]
        if not isinstance(why, nodes.paragraph):
            why = nodes.paragraph()
            item.insert(1, why)
        why.insert(0, nodes.strong("", "Right." if right else "Not quite.", classes=["quiz-verdict"]))
        why.insert(1, nodes.Text(" "))
        summary = quiz_choice("", "", *choice.children, letter=letter)
        summary.source, summary.line = choice.source, choice.line
        answer = quiz_answer("", summary, *item.children[1:], group=group, right=right)
        answer.source, answer.line = item.source, item.line
        return answer


def visit_answer(translator, node):
    kind = "right" if node["right"] else "wrong"
    translator.body.append(f'<li><details class="quiz-{kind}" name="{node["group"]}">')


def depart_answer(translator, node):
    translator.body.append("</details></li>\n")


def visit_choice(translator, node):
    translator.body.append(f'<summary><span class="quiz-letter">{node["letter"]}</span> <span>')


def depart_choice(translator, node):
    translator.body.append("</span></summary>\n")


def visit_quiz(translator, node):
    translator.body.append('<div class="quiz" role="group" aria-label="Quiz question">\n')


def depart_quiz(translator, node):
    translator.body.append("</div>\n")


class ExerciseDoor(SphinxDirective):
    has_content = True
    required_arguments = 1

    def run(self):
        assignment = self.arguments[0]
        notebook = f"exercises/{assignment}/{assignment.split('-', 1)[-1].replace('-', '_')}.ipynb"
        if not Path(self.env.srcdir, notebook).is_file():
            raise self.error(f"{notebook} is not there: generate it from solutions/{assignment} first.")
        door = nodes.container(classes=["exercise-door"])
        door += nodes.paragraph("", "", nodes.strong("", f"Your turn: exercise {assignment}"))
        self.state.nested_parse(self.content, self.content_offset, door)
        links = nodes.paragraph(classes=["exercise-links"])
        links += addnodes.download_reference(
            "", nodes.Text("Download the notebook"), reftarget=f"/{notebook}", refdoc=self.env.docname,
            refexplicit=True, refdomain="", reftype="download", refwarn=False,
        )  # fmt: skip
        owner = self.config.html_theme_options.get("repository_url", "").removeprefix("https://github.com/")
        if owner and "://" not in owner:
            branch = self.config.html_theme_options.get("repository_branch") or "main"
            address = f"https://colab.research.google.com/github/{owner.strip('/')}/blob/{branch}/{notebook}"
            links += [nodes.Text(" · "), nodes.reference("", "Open it in Colab", refuri=address)]
        door += links
        return [door]


def setup(app):
    app.add_node(quiz, html=(visit_quiz, depart_quiz))
    app.add_node(quiz_answer, html=(visit_answer, depart_answer))
    app.add_node(quiz_choice, html=(visit_choice, depart_choice))
    app.add_directive("quiz", Quiz)
    app.add_directive("exercise-door", ExerciseDoor)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
