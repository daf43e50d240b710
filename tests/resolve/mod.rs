mod inputs;
mod pairs;
