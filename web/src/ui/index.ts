// The kit: everything that pages are made of.

export { ActionButton } from "./action-button";
export { Badge, Notice, type Tone } from "./badge";
export { Button, LinkButton } from "./button";
export { Choice, Radios } from "./choice";
export { CodeBlock, CopyButton } from "./code";
export { useConfirm } from "./confirm";
export { Dialog } from "./dialog";
export { Empty } from "./empty";
export { AddName, Check, type ControlProps, Field, Group, SelectField, TextField } from "./field";
export { Meter } from "./meter";
export { Card, Facts, Failure, Loaded, Page, PageOf, Section, Skeleton } from "./page";
export { Search, TypedInput, useFilter } from "./search";
export { type Column, Pager, Table, usePages } from "./table";
export { type Tab, Tabs } from "./tabs";
export { count, Prose, Text, visible } from "./text";
export { duration, relative, Time, zone } from "./time";
export { useToast } from "./toast";
export { Tree } from "./tree";
