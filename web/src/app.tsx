// The frame around every page: who is here, the navigation, and what catches a page that fails.

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Suspense } from "react";
import { Route, Switch, useLocation } from "wouter";
import { ApiError } from "./api/client";
import { ROUTES } from "./routes";
import { Boundary } from "./shell/boundary";
import { Door } from "./shell/door";
import { Shell } from "./shell/shell";
import { Empty, LinkButton, Page, Skeleton, visible } from "./ui";
import { Confirms } from "./ui/confirm";
import { Toasts } from "./ui/toast";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What the server refused once it refuses again; what did not reach it may reach it soon.
      retry: (failures, error) => failures < 2 && error instanceof ApiError && error.status === 0,
    },
  },
});

/** All pages. */
export function App() {
  return (
    <QueryClientProvider client={queries}>
      <Toasts>
        <Confirms>
          <Door>
            <Shell>
              <Pages />
            </Shell>
          </Door>
        </Confirms>
      </Toasts>
    </QueryClientProvider>
  );
}

function Pages() {
  const [path] = useLocation();
  return (
    <Boundary key={path}>
      <Suspense fallback={<Skeleton lines={0} />}>
        <Switch>
          {ROUTES.map(({ path, Page }) => (
            <Route key={path} path={path} component={Page} />
          ))}
          <Route>
            <Page title="There is no such page">
              <Empty title="Nothing has this address" action={<LinkButton href="/">Go to Home</LinkButton>}>
                <code>{visible(path)}</code> may be mistyped, or what was there has gone.
              </Empty>
            </Page>
          </Route>
        </Switch>
      </Suspense>
    </Boundary>
  );
}
