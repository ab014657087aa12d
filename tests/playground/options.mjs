// Writes what each field of a state offers to choose from.

import { FIELDS } from "../../book/_static/playground/state.mjs";

const choices = Object.entries(FIELDS).filter(([, { kind }]) => kind === "choice");
process.stdout.write(JSON.stringify(Object.fromEntries(choices.map(([key, { options }]) => [key, options]))));
