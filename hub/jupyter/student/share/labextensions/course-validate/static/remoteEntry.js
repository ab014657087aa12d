/* The button "Validate" of an assignment, in place of nbgrader's, which calls it a success when only the visible checks
 * pass. JupyterLab loads this file as it is: it is written in the form of a federated module, without a build. */
(() => {
  let shared;

  /** A module that JupyterLab shares, such as "@jupyterlab/apputils". */
  async function load(name) {
    const [version] = Object.values(shared[name]);
    return (await version.get())();
  }

  function element(tag, text) {
    const node = document.createElement(tag);
    node.textContent = text;
    return node;
  }

  /** What the server says of the notebook, as a page. */
  function page(report) {
    const body = document.createElement("div");
    body.append(element("h3", report.summary));
    for (const { heading, said } of report.failed) {
      body.append(element("h4", heading), element("pre", said));
    }
    body.append(...report.notes.map((note) => element("p", note)));
    return body;
  }

  async function ask(path) {
    const { ServerConnection } = await load("@jupyterlab/services");
    const { URLExt } = await load("@jupyterlab/coreutils");
    const settings = ServerConnection.makeSettings();
    const address = URLExt.join(settings.baseUrl, "course/validate");
    const request = { method: "POST", body: JSON.stringify({ path }) };
    const response = await ServerConnection.makeRequest(address, request, settings);
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.message);
    return answer;
  }

  async function activate(app) {
    const { Dialog, ToolbarButton, showDialog, showErrorMessage } = await load("@jupyterlab/apputils");
    const { Widget } = await load("@lumino/widgets");

    // The assignment list has a button of that name too, which runs nbgrader's in the server itself.
    document.head.append(element("style", "#fetched_assignments_list .nested_list_item button { display: none }"));

    async function validate(button, context) {
      button.enabled = false;
      try {
        await context.save();
        const report = await ask(context.localPath);
        const buttons = [Dialog.okButton()];
        showDialog({ title: "Validation Results", body: new Widget({ node: page(report) }), buttons });
      } catch (error) {
        showErrorMessage("Not validated", error);
      } finally {
        button.enabled = true;
      }
    }

    app.docRegistry.addWidgetExtension("Notebook", {
      createNew(panel, context) {
        const button = new ToolbarButton({
          label: "Validate",
          tooltip: "Run this notebook from top to bottom, and see how its checks go",
          onClick: () => validate(button, context),
        });
        context.ready.then(() => {
          const isAssignment = context.model.getMetadata("course")?.assignment;
          if (isAssignment) panel.toolbar.insertItem(10, "validate", button);
        });
        return button;
      },
    });
  }

  const plugin = { id: "course-validate:plugin", autoStart: true, activate };

  globalThis._JUPYTERLAB ??= {};
  globalThis._JUPYTERLAB["course-validate"] = {
    init: (scope) => void (shared = scope),
    get: async () => () => ({ __esModule: true, default: plugin }),
  };
})();
