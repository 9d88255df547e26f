import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ComponentProps } from "react";
import { refresh } from "../api/queries";
import { Button } from "./button";
import { type Question, useConfirm } from "./confirm";
import { useToast } from "./toast";

/** A button that changes something on the server.  It says when that is done, and why when it failed. */
export function ActionButton<Result>({
  act,
  sure,
  done,
  onDone,
  stale,
  ...button
}: Omit<ComponentProps<typeof Button>, "onClick" | "busy"> & {
  act: () => Promise<Result>;
  /** What is asked first. */
  sure?: Omit<Question, "danger">;
  /** What is said afterwards. */
  done?: (result: Result) => string;
  onDone?: (result: Result) => void;
  /** The queries whose answers are out of date afterwards, by the first part of their keys. */
  stale: readonly string[];
}) {
  const queries = useQueryClient();
  const confirm = useConfirm();
  const toast = useToast();
  const change = useMutation({
    mutationFn: act,
    onSuccess: (result) => {
      if (done) toast.done(done(result));
      onDone?.(result);
    },
    onError: toast.failed,
    onSettled: () => refresh(queries, stale),
  });
  const start = async () => {
    if (!sure || (await confirm({ ...sure, danger: button.tone === "danger" }))) change.mutate();
  };
  return <Button {...button} busy={change.isPending} onClick={start} />;
}
